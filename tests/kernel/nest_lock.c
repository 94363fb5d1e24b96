/*
 * title: Nest locks: counted, released out of order, on the later lock only, not held, and of a class of its own
 * source: kernel/locking/lockdep.c, __lock_acquire(), match_held_lock() and check_deadlock(); include/linux/mutex.h
 * entry: migrate
 */
static struct kvm_vcpu *vcpu(struct kvm *kvm, int i)
{
	return i == 0 ? &kvm->vcpu0 : &kvm->vcpu1;
}

/* Another class between them, so that they are not counted together. */
static void apart(struct kvm *dst, struct kvm *src)
{
	mutex_lock_nest_lock(&vcpu(dst, 0)->mutex, &dst->lock);
	mutex_lock(&dst->slots);
	mutex_lock_nest_lock(&vcpu(dst, 1)->mutex, &dst->lock);
	mutex_unlock(&dst->slots);
	mutex_unlock(&vcpu(dst, 0)->mutex);
	mutex_unlock(&vcpu(dst, 1)->mutex);
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	mutex_lock(&dst->lock);
	if (mutex_lock_killable_nest_lock(&vcpu(dst, 0)->mutex, &dst->lock))
		goto out;
	if (mutex_lock_killable_nest_lock(&vcpu(dst, 1)->mutex, &dst->lock)) {
		mutex_unlock(&vcpu(dst, 0)->mutex);
		goto out;
	}
	mutex_unlock(&vcpu(dst, 0)->mutex);
	mutex_unlock(&vcpu(dst, 1)->mutex);
	apart(dst, src);
	spin_lock_nest_lock(&dst->door, &dst->lock);
	spin_unlock(&dst->door);
out:
	mutex_unlock(&dst->lock);

	/* The first without a nest lock: it cannot stand for both. */
	mutex_lock(&src->lock);
	mutex_lock(&vcpu(src, 0)->mutex);
	mutex_lock_nest_lock(&vcpu(src, 1)->mutex, &src->lock);
	mutex_unlock(&vcpu(src, 1)->mutex);
	mutex_unlock(&vcpu(src, 0)->mutex);
	mutex_unlock(&src->lock);
	return 0;
}
