/*
 * title: V12: vCPU mutexes as merged
 * source: Peter Gonda, 11 Nov 2021, version 12 of the series, merged for Linux 5.16
 * entry: migrate
 * persistent: active
 *
 * The labels of V12: each failure jumps behind the unlocking that it must not do. Run the same
 * tasks and the same signals as against V8 and V9.
 */

static struct kvm_vcpu *kvm_get_vcpu(struct kvm *kvm, int i)
{
	return i == 0 ? &kvm->vcpu0 : &kvm->vcpu1;
}

static int sev_lock_for_migration(struct kvm *kvm)
{
	struct kvm_sev_info *sev = &to_kvm_svm(kvm)->sev_info;

	if (atomic_cmpxchg_acquire(&sev->migration_in_progress, 0, 1))
		return -EBUSY;

	mutex_lock(&kvm->lock);
	return 0;
}

static void sev_unlock_after_migration(struct kvm *kvm)
{
	struct kvm_sev_info *sev = &to_kvm_svm(kvm)->sev_info;

	mutex_unlock(&kvm->lock);
	atomic_set_release(&sev->migration_in_progress, 0);
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

static bool sev_guest(struct kvm *kvm)
{
	return to_kvm_svm(kvm)->sev_info.active;
}

static void sev_move(struct kvm *dst, struct kvm *src)
{
	sev_migrate_from(dst, src);
	to_kvm_svm(dst)->sev_info.active = true;
	to_kvm_svm(src)->sev_info.active = false;
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret;

	ret = sev_lock_for_migration(dst);
	if (ret)
		return ret;

	ret = -EINVAL;
	if (sev_guest(dst))
		goto out_dst;

	ret = sev_lock_for_migration(src);
	if (ret)
		goto out_dst;

	ret = sev_lock_vcpus(dst);
	if (ret)
		goto out_src;

	ret = sev_lock_vcpus(src);
	if (ret)
		goto out_dst_vcpus;

	sev_move(dst, src);

	sev_unlock_vcpus(src);
out_dst_vcpus:
	sev_unlock_vcpus(dst);
out_src:
	sev_unlock_after_migration(src);
out_dst:
	sev_unlock_after_migration(dst);
	return ret;
}
