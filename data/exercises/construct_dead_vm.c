/*
 * title: vm_dead is tested at the door only
 * source: KVM 5.16, kvm_vm_ioctl() and sev_migrate_from(): bugs of VM state, not of locks
 * entry: migrate
 * persistent: vm_dead
 *
 * A VM that has given its state away is dead: no ioctl on it may do anything any more. Whether
 * it is dead is looked at once, where the ioctl comes in. Flags and mutexes are in order here.
 */

static int sev_lock_for_migration(struct kvm *kvm)
{
	struct kvm_sev_info *sev = to_kvm_sev_info(kvm);

	if (atomic_cmpxchg_acquire(&sev->migration_in_progress, 0, 1))
		return -EBUSY;

	mutex_lock(&kvm->lock);
	return 0;
}

static void sev_unlock_after_migration(struct kvm *kvm)
{
	struct kvm_sev_info *sev = to_kvm_sev_info(kvm);

	mutex_unlock(&kvm->lock);
	atomic_set_release(&sev->migration_in_progress, 0);
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret;

	/* The ioctl is made on the destination: this is the door. */
	if (READ_ONCE(dst->vm_dead))
		return -EIO;

	ret = sev_lock_for_migration(dst);
	if (ret)
		return ret;

	ret = sev_lock_for_migration(src);
	if (ret)
		goto unlock_dst;

	sev_migrate_from(dst, src);
	WRITE_ONCE(src->vm_dead, true);

	sev_unlock_after_migration(src);
unlock_dst:
	sev_unlock_after_migration(dst);
	return ret;
}
