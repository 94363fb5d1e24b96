/*
 * title: The vCPUs of both VMs under a nest lock
 * source: include/linux/mutex.h, mutex_lock_nest_lock()
 * entry: migrate
 */
static int migrate(struct kvm *dst, struct kvm *src)
{
	mutex_lock(&dst->lock);
	mutex_lock(&dst->vcpu.mutex);
	mutex_lock_nest_lock(&src->vcpu.mutex, &dst->lock);
	sev_migrate_from(dst, src);
	mutex_unlock(&src->vcpu.mutex);
	mutex_unlock(&dst->vcpu.mutex);
	mutex_unlock(&dst->lock);
	return 0;
}
