/*
 * title: TDX move of 2023: labels in the wrong order
 * source: Sagi Shahar, 7 Apr 2023, RFC 20230407201921.2703758-6-sagis@google.com (not merged)
 * entry: migrate
 *
 * The same two locks, for Intel's TDX, in a proposal that was never merged; written here from
 * its list of operations. The way out jumps past the release of the flags when the source is not
 * fit to move, and on success the flags go before the mutexes. Set finalized of a VM to 0 or 1
 * and see what is left behind.
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
	atomic_set_release(&src->migration_in_progress, 0);
out_release_dst:
	atomic_set_release(&dst->migration_in_progress, 0);
	if (ret == -EBUSY)
		return ret;

out_unlock:
	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	return ret;
}
