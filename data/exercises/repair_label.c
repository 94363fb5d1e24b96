/*
 * title: V8 to V11: the way out after a fatal signal
 * source: V8 to V11 of the patches, 14 Sep to Nov 2021; mended without a word in v12
 * entry: migrate
 *
 * The flags keep other moves away, the mutexes of the two VMs keep ordinary ioctls away, and the
 * mutexes of the vcpus keep them from running. A vcpu that runs can take long, so the wait for
 * one can be ended by a fatal signal. Each VM has one vcpu here.
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

/* What a running vcpu does, as far as locks are concerned. */
static int vcpu_run(struct kvm *kvm)
{
	mutex_lock(&kvm->vcpu0.mutex);
	mutex_unlock(&kvm->vcpu0.mutex);
	return 0;
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

	ret = mutex_lock_killable(&dst->vcpu0.mutex);
	if (ret)
		goto out_dst_vcpu;

	ret = mutex_lock_killable(&src->vcpu0.mutex);
	if (ret)
		goto out_src_vcpu;

	sev_migrate_from(dst, src);

out_src_vcpu:
	mutex_unlock(&src->vcpu0.mutex);
out_dst_vcpu:
	mutex_unlock(&dst->vcpu0.mutex);
	sev_unlock_after_migration(src);
out_dst:
	sev_unlock_after_migration(dst);
	return ret;
}
