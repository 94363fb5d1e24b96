/*
 * title: KVM_RUN takes kvm->lock inside vcpu->mutex
 * source: ours: a move, and the shape of KVM_RUN before David Woodhouse, 11 Jan 2023, 20230111180651.14394-4-dwmw2@infradead.org, 310bc39546a4
 * entry: migrate
 *
 * "kvm->lock is taken outside vcpu->mutex", says Documentation/virt/kvm/locking.rst, and a move
 * does so; here it takes the mutex of one vCPU, the source's. KVM_RUN keeps vcpu->mutex while the
 * guest runs, and for a time it took kvm->lock inside, to serve a hypercall of Xen guests. That a
 * VM which is moved makes that hypercall is invented. Let a vCPU run wholly before the move, and
 * ask lockdep; then let both meet, and ask whether it matters to lockdep whose vCPU it was.
 */

static struct kvm_vcpu *kvm_get_vcpu(struct kvm *kvm, int i)
{
	return i == 0 ? &kvm->vcpu0 : &kvm->vcpu1;
}

/* KVM_RUN, with a hypercall that delivers an event: kvm->lock guards what is written to. */
static int vcpu_run(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu = kvm_get_vcpu(kvm, 0);

	if (mutex_lock_killable(&vcpu->mutex))
		return -EINTR;
	mutex_lock(&kvm->lock);
	mutex_unlock(&kvm->lock);
	mutex_unlock(&vcpu->mutex);
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

static int migrate(struct kvm *dst, struct kvm *src)
{
	struct kvm_vcpu *vcpu = kvm_get_vcpu(src, 0);
	int ret;

	ret = sev_lock_two_vms(dst, src);
	if (ret)
		return ret;

	/* The vCPU of the source must not run while its state leaves. */
	ret = -EINTR;
	if (mutex_lock_killable(&vcpu->mutex))
		goto out_unlock;

	sev_migrate_from(dst, src);
	ret = 0;

	mutex_unlock(&vcpu->mutex);
out_unlock:
	sev_unlock_two_vms(dst, src);
	return ret;
}
