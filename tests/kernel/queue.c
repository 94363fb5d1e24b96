/*
 * title: One mutex for everybody
 * source: Documentation/locking/mutex-design.rst: waiters queue
 * entry: migrate
 */
static struct mutex everybody;

static int migrate(struct kvm *dst, struct kvm *src)
{
	if (mutex_lock_killable(&everybody))
		return -EINTR;
	dst->moved = true;
	mutex_unlock(&everybody);
	dst->moved = false;
	return 0;
}
