/*
 * title: Linux 5.16: the whole move
 * source: Peter Gonda and Paolo Bonzini, Nov 2021, c9d61dcb0bc2 and what it stands on, Linux 5.16
 * entry: migrate
 * persistent: active
 *
 * sev_lock_two_vms, and what follows in Linux 5.16 once both VMs are locked: the test that the
 * destination is no SEV VM, and the mutexes of all vCPUs, two in each VM. No schedule goes wrong.
 * And yet lockdep objects to the first move that it sees: the mutexes of all vCPUs are of one
 * class. John Sperbeck reported it in April 2022 (20220407195908.633003-1-pgonda@google.com);
 * Linux 5.18 hides all but the first from lockdep (0c2c7c069285), Linux 6.16 has a nest lock.
 */

static struct kvm_vcpu *kvm_get_vcpu(struct kvm *kvm, int i)
{
	return i == 0 ? &kvm->vcpu0 : &kvm->vcpu1;
}

static int sev_lock_vcpus(struct kvm *kvm)
{
	int i, j;

	for (i = 0; i < 2; i++) {
		if (mutex_lock_killable(&kvm_get_vcpu(kvm, i)->mutex))
			goto out_unlock;
	}
	return 0;

out_unlock:
	/* Give back what was taken before the signal came. */
	for (j = 0; j < 2; j++) {
		if (i == j)
			break;
		mutex_unlock(&kvm_get_vcpu(kvm, j)->mutex);
	}
	return -EINTR;
}

static void sev_unlock_vcpus(struct kvm *kvm)
{
	int i;

	for (i = 0; i < 2; i++)
		mutex_unlock(&kvm_get_vcpu(kvm, i)->mutex);
}

/* What KVM_RUN does to the locks: it keeps the mutex of its vCPU while the guest runs. */
static int vcpu_run(struct kvm *kvm)
{
	if (mutex_lock_killable(&kvm->vcpu0.mutex))
		return -EINTR;
	mutex_unlock(&kvm->vcpu0.mutex);
	return 0;
}

static int sev_lock_two_vms(struct kvm *dst, struct kvm *src)
{
	struct kvm_sev_info *dst_sev = to_kvm_sev_info(dst);
	struct kvm_sev_info *src_sev = to_kvm_sev_info(src);
	int ret = -EBUSY;

	if (dst == src)
		return -EINVAL;

	if (atomic_cmpxchg_acquire(&dst_sev->migration_in_progress, 0, 1))
		return -EBUSY;
	if (atomic_cmpxchg_acquire(&src_sev->migration_in_progress, 0, 1))
		goto release_dst;

	ret = -EINTR;
	if (mutex_lock_killable(&dst->lock))
		goto release_src;
	if (mutex_lock_killable_nested(&src->lock, SINGLE_DEPTH_NESTING))
		goto unlock_dst;
	return 0;

unlock_dst:
	mutex_unlock(&dst->lock);
release_src:
	atomic_set_release(&src_sev->migration_in_progress, 0);
release_dst:
	atomic_set_release(&dst_sev->migration_in_progress, 0);
	return ret;
}

static void sev_unlock_two_vms(struct kvm *dst, struct kvm *src)
{
	mutex_unlock(&dst->lock);
	mutex_unlock(&src->lock);
	atomic_set_release(&to_kvm_sev_info(dst)->migration_in_progress, 0);
	atomic_set_release(&to_kvm_sev_info(src)->migration_in_progress, 0);
}

static bool sev_guest(struct kvm *kvm)
{
	return to_kvm_sev_info(kvm)->active;
}

static void sev_move(struct kvm *dst, struct kvm *src)
{
	sev_migrate_from(dst, src);
	to_kvm_sev_info(dst)->active = true;
	to_kvm_sev_info(src)->active = false;
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret;

	ret = sev_lock_two_vms(dst, src);
	if (ret)
		return ret;

	ret = -EINVAL;
	if (sev_guest(dst))
		goto out_unlock;

	ret = sev_lock_vcpus(dst);
	if (ret)
		goto out_unlock;

	ret = sev_lock_vcpus(src);
	if (ret)
		goto out_dst_vcpus;

	sev_move(dst, src);

	sev_unlock_vcpus(src);
out_dst_vcpus:
	sev_unlock_vcpus(dst);
out_unlock:
	sev_unlock_two_vms(dst, src);
	return ret;
}
