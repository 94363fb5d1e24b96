/*
 * title: One global mutex around every move
 * source: The kernel's pattern of a mutex above a pair of locks: lock_rename() in fs/namei.c
 * entry: migrate
 *
 * The plainest way to keep opposite moves apart: let moves happen one at a time. Ordinary ioctls
 * know nothing of the global mutex, so kvm->lock of both VMs is still taken under it. A mutex is
 * not recursive, with or without another one around it, so a VM paired with itself is turned
 * away first. Look at what a move between two other VMs has to wait for, and for how long.
 */

/* Serialises all moves on the host; always taken before any kvm->lock. */
static DEFINE_MUTEX(sev_migration_mutex);

static void sev_lock_both(struct kvm *dst, struct kvm *src)
{
	mutex_lock(&sev_migration_mutex);

	/* Only the task inside the global mutex ever holds one kvm->lock and wants another. */
	mutex_lock(&dst->lock);
	mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING);
}

static void sev_unlock_both(struct kvm *dst, struct kvm *src)
{
	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	mutex_unlock(&sev_migration_mutex);
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	if (dst == src)
		return -EINVAL;

	sev_lock_both(dst, src);
	sev_migrate_from(dst, src);
	sev_unlock_both(dst, src);
	return 0;
}
