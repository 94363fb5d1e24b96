/*
 * title: Only migration_lock, held for both VMs
 * source: Marc Orr, 19 Aug 2021, CAA03e5Gh0kJYHP1R3F7uh6x83LBFPp=af2xt7q3epgg+8XW53g@mail.gmail.com
 * entry: migrate
 *
 * Marc Orr asks the question that every reviewer should ask: can the bool go, and migration_lock
 * alone do the work? This is his question as Peter Gonda reads it in his answer, with the
 * spinlock of each VM held for the whole move. Follow Peter's story of the VMs A and B step by
 * step, and note which lock each task ends up at and what it does there: sleep, or spin.
 */

static void sev_lock_for_migration(struct kvm *kvm)
{
	struct kvm_sev_info *sev = to_kvm_sev_info(kvm);

	/* Held until the move is over: the spinlock itself says that a move is under way. */
	spin_lock(&sev->migration_lock);
	mutex_lock(&kvm->lock);
}

static void sev_unlock_after_migration(struct kvm *kvm)
{
	struct kvm_sev_info *sev = to_kvm_sev_info(kvm);

	mutex_unlock(&kvm->lock);
	spin_unlock(&sev->migration_lock);
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	sev_lock_for_migration(dst);
	sev_lock_for_migration(src);

	sev_migrate_from(dst, src);

	sev_unlock_after_migration(src);
	sev_unlock_after_migration(dst);
	return 0;
}
