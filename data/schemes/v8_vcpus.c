/*
 * title: V8: vCPU mutexes, first try
 * source: Peter Gonda, 14 Sep 2021, the series' version 8; review by Joerg Roedel, YVMNq4wwjYZ8F7N8@8bytes.org
 * entry: migrate
 * persistent: active
 *
 * From V8 on a move also stops the vCPUs: it takes the mutex of each, in index order, and a
 * fatal signal may end the wait. The way back out of a half-done loop is short, and it is where
 * two mistakes hid; Joerg Roedel saw one of them in review. Put vcpu_run beside a move, allow
 * fatal signals, and look at every unlock. Also new: a destination that is a SEV VM already is
 * refused, before the source is claimed. (The field is "active", as in the kernel; that the
 * source must be a SEV VM is left out, so that at first every VM may send and receive.)
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
		mutex_unlock(&kvm_get_vcpu(kvm, j)->mutex);
		if (i == j)
			break;
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
		goto out_dst_vcpus;

	ret = sev_lock_vcpus(src);
	if (ret)
		goto out_src_vcpus;

	sev_move(dst, src);

out_src_vcpus:
	sev_unlock_vcpus(src);
out_dst_vcpus:
	sev_unlock_vcpus(dst);
	sev_unlock_after_migration(src);
out_dst:
	sev_unlock_after_migration(dst);
	return ret;
}
