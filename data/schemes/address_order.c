/*
 * title: Both VMs, lower address first
 * source: The kernel's address order for a pair of locks: perf's mutex_lock_double()
 * entry: migrate
 *
 * What the kernel does in many places for two like objects: whatever the caller names first, the
 * object at the lower address is locked first. The pattern is perf's, which, unlike inode and
 * futex code, makes no test for equality. Try opposite moves, then a ring of three, then a VM
 * that moves onto itself; then add the test and try that once more.
 */

static void sev_lock_in_order(struct kvm *dst, struct kvm *src)
{
	struct kvm *first = dst < src ? dst : src;
	struct kvm *second = dst < src ? src : dst;

	/* All tasks climb in one direction, so that no two should want each other's lock. */
	mutex_lock(&first->lock);
	mutex_lock_nested(&second->lock, SINGLE_DEPTH_NESTING);
}

static void sev_unlock_both(struct kvm *dst, struct kvm *src)
{
	/* Giving back never waits, so its order is free. */
	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	sev_lock_in_order(dst, src);
	sev_migrate_from(dst, src);
	sev_unlock_both(dst, src);
	return 0;
}
