/*
 * title: Nothing but migration_lock: two spinlocks, no mutex
 * source: ours, after Marc Orr, 19 Aug 2021, CAA03e5Gh0kJYHP1R3F7uh6x83LBFPp=af2xt7q3epgg+8XW53g@mail.gmail.com
 * entry: migrate
 *
 * Marc Orr asks whether migration_lock alone could do the work. Nobody in the thread posted what
 * stands here: it takes that question at its strictest, with the spinlocks of both VMs and no
 * mutex under them. Then nothing sleeps where it must not, and lockdep is told that the second
 * lock is a nested one. Step two opposite moves, each on a CPU of its own, and look at what both
 * CPUs do from then on; then move a VM onto itself, on several CPUs and on one.
 */

static int migrate(struct kvm *dst, struct kvm *src)
{
	struct kvm_sev_info *dst_sev = to_kvm_sev_info(dst);
	struct kvm_sev_info *src_sev = to_kvm_sev_info(src);

	/* Whoever finds one of them taken keeps its CPU and asks again, for as long as it takes. */
	spin_lock(&dst_sev->migration_lock);
	spin_lock_nested(&src_sev->migration_lock, SINGLE_DEPTH_NESTING);

	sev_migrate_from(dst, src);

	spin_unlock(&src_sev->migration_lock);
	spin_unlock(&dst_sev->migration_lock);
	return 0;
}
