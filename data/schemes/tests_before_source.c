/*
 * title: Tests before the source is locked
 * source: Peter Gonda, V8 to V12, Sep to Nov 2021, without the flags; selftest mended in commit 501b580c0233
 * entry: migrate
 *
 * Where the state of the destination is tested matters. From V8 on a destination that is a SEV
 * VM already is refused before the source is locked. The selftest of the time moved between
 * three SEV VMs, in 3 threads and 10,000 rounds. Here the flags are left out on purpose: set
 * is_sev of the VMs and see when such a test can meet the deadlock that it is for.
 */

static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret = -EINVAL;

	mutex_lock(&dst->lock);
	if (dst->is_sev)
		goto out_dst;

	mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING);

	sev_migrate_from(dst, src);
	ret = 0;

	mutex_unlock(&src->lock);
out_dst:
	mutex_unlock(&dst->lock);
	return ret;
}
