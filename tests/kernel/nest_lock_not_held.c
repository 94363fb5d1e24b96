/*
 * title: A nest lock that the task does not hold, and one that comes too late
 * source: kernel/locking/lockdep.c, print_lock_nested_lock_not_held() and check_deadlock()
 * entry: migrate
 */
static struct kvm_vcpu *vcpu(struct kvm *kvm, int i)
{
	return i == 0 ? &kvm->vcpu0 : &kvm->vcpu1;
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	if (dst < src) {
		mutex_lock(&vcpu(dst, 0)->mutex);
		mutex_lock(&src->slots);
		mutex_lock_nest_lock(&vcpu(dst, 1)->mutex, &src->slots);
		mutex_unlock(&vcpu(dst, 1)->mutex);
		mutex_unlock(&src->slots);
		mutex_unlock(&vcpu(dst, 0)->mutex);
	} else {
		mutex_lock(&src->lock);
		mutex_unlock(&src->lock);
		mutex_lock(&src->slots);
		mutex_lock_nest_lock(&vcpu(src, 0)->mutex, &src->lock);
		mutex_unlock(&vcpu(src, 0)->mutex);
		mutex_unlock(&src->slots);
	}
	return 0;
}
