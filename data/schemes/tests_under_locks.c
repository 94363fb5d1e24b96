/*
 * title: Tests when both VMs are locked
 * source: Paolo Bonzini, 22 Nov 2021, 20211123005036.2954379-6-pbonzini@redhat.com (commit 501b580c0233), without the flags
 * entry: migrate
 *
 * The fixed twin of tests_before_source: the same locks, the same test, the same errno, but both
 * VMs are locked before anything is tested. A move that will be refused waits like any other, so
 * a test that moves between SEV VMs alone can fail. The flags are left out on purpose again: set
 * is_sev of both VMs and see what the mended selftest would have found without them.
 */

static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret = -EINVAL;

	mutex_lock(&dst->lock);
	mutex_lock_nested(&src->lock, SINGLE_DEPTH_NESTING);

	if (dst->is_sev)
		goto out_unlock;

	sev_migrate_from(dst, src);
	ret = 0;

out_unlock:
	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	return ret;
}
