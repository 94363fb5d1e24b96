/*
 * title: Atomic flag, then mutex
 * source: Sean Christopherson, 19 Aug 2021, YR7iD6kdTUpWwwRn@google.com
 * entry: migrate
 *
 * Sean Christopherson's answer to V4, which Peter Gonda adopted from V5 on: no spinlock at all,
 * just an atomic flag in each VM that is claimed before the VM is locked. Sean likens it to a
 * one-off try lock and wants a way to guarantee that one of two opposite moves wins. Predict
 * every pair of results that two such moves can return, then let the search list them.
 */

static int sev_lock_for_migration(struct kvm *kvm)
{
	struct kvm_sev_info *sev = &to_kvm_svm(kvm)->sev_info;

	/* Claim first, wait second: nobody waits for a VM whose flag belongs to another move. */
	if (atomic_cmpxchg_acquire(&sev->migration_in_progress, 0, 1))
		return -EBUSY;

	mutex_lock(&kvm->lock);
	return 0;
}

static void sev_unlock_after_migration(struct kvm *kvm)
{
	struct kvm_sev_info *sev = &to_kvm_svm(kvm)->sev_info;

	/* Release order: the next task to claim the flag must find the mutex given back. */
	mutex_unlock(&kvm->lock);
	atomic_set_release(&sev->migration_in_progress, 0);
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
