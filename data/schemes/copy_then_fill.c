/*
 * title: Copy out, drop, lock the other
 * source: the shape of KVM_CAP_VM_COPY_ENC_CONTEXT_FROM in Linux 5.13 to 5.15
 * entry: migrate
 * persistent: moved_away
 *
 * Never two locks at once: read what is needed from the source under its lock, drop it, then
 * fill the destination under its own. No two locks, no ring. The price is that what was read may
 * have changed meanwhile, so it must be looked at again: see what two opposite copies both
 * believe.
 */

static int migrate(struct kvm *dst, struct kvm *src)
{
	bool found;

	mutex_lock(&src->lock);
	found = !src->moved_away;
	src->moved_away = true;
	mutex_unlock(&src->lock);
	if (!found)
		return -EINVAL;

	mutex_lock(&dst->lock);
	dst->moved_away = false;
	mutex_unlock(&dst->lock);
	return 0;
}
