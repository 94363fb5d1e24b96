/*
 * title: Only the called VM's migration_lock
 * source: Marc Orr, 19 Aug 2021, CAA03e5Gh0kJYHP1R3F7uh6x83LBFPp=af2xt7q3epgg+8XW53g@mail.gmail.com
 * entry: migrate
 *
 * Marc Orr's question taken to the letter: the move is an ioctl on one VM, so let that VM's
 * migration_lock serialise the whole path and drop the bool. The ioctl is made on the
 * destination. Look for the pairs of moves that this lock keeps apart, and for those that
 * never meet at it.
 */

static int migrate(struct kvm *dst, struct kvm *src)
{
	struct kvm_sev_info *sev = to_kvm_sev_info(dst);

	/* Two moves into the same VM take turns here. */
	spin_lock(&sev->migration_lock);

	/* Both VMs must stand still while the state moves. */
	mutex_lock(&dst->lock);
	mutex_lock(&src->lock);

	sev_migrate_from(dst, src);

	mutex_unlock(&src->lock);
	mutex_unlock(&dst->lock);
	spin_unlock(&sev->migration_lock);
	return 0;
}
