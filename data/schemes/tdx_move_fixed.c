/*
 * title: TDX move with its labels in order
 * source: ours: the 2023 proposal with the order of sev_lock_two_vms()
 * entry: migrate
 *
 * The same proposal, unwound in the reverse order of taking: mutexes first, then the flags, each
 * label doing what is still to be undone.
 */

static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret = -EBUSY;

	if (dst == src)
		return -EINVAL;

	if (atomic_cmpxchg_acquire(&dst->migration_in_progress, 0, 1))
		return -EBUSY;
	if (atomic_cmpxchg_acquire(&src->migration_in_progress, 0, 1))
		goto out_release_dst;

	mutex_lock(&dst->lock);
	mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING);

	/* Only a TD that has been finalised can be moved. */
	ret = -EINVAL;
	if (!src->finalized)
		goto out_unlock;

	sev_migrate_from(dst, src);
	ret = 0;

out_unlock:
	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	atomic_set_release(&src->migration_in_progress, 0);
out_release_dst:
	atomic_set_release(&dst->migration_in_progress, 0);
	return ret;
}
