/*
 * title: One mutex for all moves of the host
 * source: the kernel's pattern of a mutex above a pair of locks, such as lock_rename()
 * entry: migrate
 *
 * Nothing can deadlock: moves happen one at a time. An operator who empties a host of two hundred
 * VMs is not pleased.
 */

static DEFINE_MUTEX(all_moves);

static int migrate(struct kvm *dst, struct kvm *src)
{
	mutex_lock(&all_moves);
	mutex_lock(&dst->lock);
	mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING);

	sev_migrate_from(dst, src);

	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	mutex_unlock(&all_moves);
	return 0;
}
