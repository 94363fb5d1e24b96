/*
 * title: V8: both vcpus of a VM, killable
 * source: V8 of the patches, 14 Sep 2021, and Joerg Roedel's review, YVMNq4wwjYZ8F7N8@8bytes.org
 * entry: migrate
 *
 * A move must stop every vcpu of a VM, so it takes the mutex of each one, in the order of their
 * numbers. A vcpu that runs keeps its mutex for long; a fatal signal ends the wait for it, and
 * then all must be given back. The flags are left out: only one VM is looked at.
 */

static struct mutex *vcpu_mutex(struct kvm *kvm, int number)
{
	return number ? &kvm->vcpu1.mutex : &kvm->vcpu0.mutex;
}

static int sev_lock_vcpus_for_migration(struct kvm *kvm)
{
	int i, j;

	for (i = 0; i < 2; i++) {
		if (mutex_lock_killable(vcpu_mutex(kvm, i)))
			goto out_unlock;
	}
	return 0;

out_unlock:
	for (j = 0; j < 2; j++) {
		mutex_unlock(vcpu_mutex(kvm, j));
		if (j == i)
			break;
	}
	return -EINTR;
}

static void sev_unlock_vcpus_for_migration(struct kvm *kvm)
{
	int i;

	for (i = 0; i < 2; i++)
		mutex_unlock(vcpu_mutex(kvm, i));
}

/* What a running vcpu does, as far as locks are concerned. */
static int vcpu_run(struct kvm *kvm)
{
	mutex_lock(&kvm->vcpu1.mutex);
	mutex_unlock(&kvm->vcpu1.mutex);
	return 0;
}

static int migrate(struct kvm *kvm)
{
	int ret;

	mutex_lock(&kvm->lock);
	ret = sev_lock_vcpus_for_migration(kvm);
	if (ret)
		goto unlock;

	sev_unlock_vcpus_for_migration(kvm);
unlock:
	mutex_unlock(&kvm->lock);
	return ret;
}
