/*
 * title: Linux 5.16: sev_lock_two_vms, killable
 * source: Paolo Bonzini, 22 Nov 2021, 20211123005036.2954379-13-pbonzini@redhat.com, c9d61dcb0bc2
 * entry: migrate
 *
 * What Linux 5.16 shipped: Sean Christopherson's flags, both claimed before either VM is locked;
 * Paolo Bonzini's one function for both VMs, whose waits a fatal signal can end; Wanpeng Li's
 * lockdep subclass for the second VM (597cb7968cb6). The tests of VM state and the vCPU mutexes,
 * which follow once both VMs are locked, are in linux_5_16. Look at what each way out gives back,
 * and at what the caller is told when a VM is busy, when a signal comes, and when dst is src.
 */

static int sev_lock_two_vms(struct kvm *dst, struct kvm *src)
{
	struct kvm_sev_info *dst_sev = &to_kvm_svm(dst)->sev_info;
	struct kvm_sev_info *src_sev = &to_kvm_svm(src)->sev_info;
	int ret = -EBUSY;

	if (dst == src)
		return -EINVAL;

	/* Own both flags before waiting for anything, so that giving up is still cheap. */
	if (atomic_cmpxchg_acquire(&dst_sev->migration_in_progress, 0, 1))
		return ret;
	if (atomic_cmpxchg_acquire(&src_sev->migration_in_progress, 0, 1))
		goto clear_dst;

	/* An ordinary ioctl may hold a VM for long: the administrator can still kill the move. */
	ret = mutex_lock_killable(&dst->lock);
	if (ret)
		goto clear_src;

	/* Both mutexes are of one lockdep class; the subclass says that the nesting is meant. */
	ret = mutex_lock_killable_nested(&src->lock, SINGLE_DEPTH_NESTING);
	if (ret)
		goto unlock_dst;

	return 0;

unlock_dst:
	mutex_unlock(&dst->lock);
clear_src:
	atomic_set_release(&src_sev->migration_in_progress, 0);
clear_dst:
	atomic_set_release(&dst_sev->migration_in_progress, 0);
	return ret;
}

static void sev_unlock_two_vms(struct kvm *dst, struct kvm *src)
{
	struct kvm_sev_info *dst_sev = &to_kvm_svm(dst)->sev_info;
	struct kvm_sev_info *src_sev = &to_kvm_svm(src)->sev_info;

	/* Flags last: a clear flag promises that this move no longer holds the VM. */
	mutex_unlock(&dst->lock);
	mutex_unlock(&src->lock);
	atomic_set_release(&dst_sev->migration_in_progress, 0);
	atomic_set_release(&src_sev->migration_in_progress, 0);
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret = sev_lock_two_vms(dst, src);

	if (ret)
		return ret;

	sev_migrate_from(dst, src);

	sev_unlock_two_vms(dst, src);
	return 0;
}
