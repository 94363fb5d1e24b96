/*
 * title: V4 as posted: a spinlock that nobody initialised
 * source: Peter Gonda, 19 Aug 2021, 20210819154910.1064090-2-pgonda@google.com
 * entry: migrate
 * uninitialised: migration_lock
 *
 * V4 once more, with what the patch left out: it gives each VM a spinlock and never calls
 * spin_lock_init() for it. The memory of a VM starts as zeros, and on most machines zeros are a
 * free spinlock, so every move does what it does in v4. Look at what a kernel with lockdep
 * prints at the first spin_lock(), and at what it no longer prints after that.
 */

static int sev_lock_for_migration(struct kvm *kvm)
{
	struct kvm_sev_info *sev = &to_kvm_svm(kvm)->sev_info;
	int ret = -EBUSY;

	spin_lock(&sev->migration_lock);

	/* A VM that already takes part in a move is left alone instead of waited for. */
	if (sev->migration_in_progress)
		goto out_unlock;

	/* The flag and the VM are meant to change hands in one go. */
	sev->migration_in_progress = true;
	mutex_lock(&kvm->lock);
	ret = 0;

out_unlock:
	spin_unlock(&sev->migration_lock);
	return ret;
}

static void sev_unlock_after_migration(struct kvm *kvm)
{
	struct kvm_sev_info *sev = &to_kvm_svm(kvm)->sev_info;

	/* The mutex goes first: whoever finds the flag clear should find the VM free as well. */
	mutex_unlock(&kvm->lock);
	WRITE_ONCE(sev->migration_in_progress, false);
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret;

	ret = sev_lock_for_migration(dst);
	if (ret)
		return ret;

	ret = sev_lock_for_migration(src);
	if (ret)
		goto out_dst;

	sev_migrate_from(dst, src);

	sev_unlock_after_migration(src);
out_dst:
	sev_unlock_after_migration(dst);
	return ret;
}
