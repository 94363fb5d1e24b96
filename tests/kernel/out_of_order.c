/*
 * title: A lock given back before later ones
 * source: tests/test_kernel_compare.py
 * entry: migrate
 */
static DEFINE_MUTEX(outer);
static DEFINE_MUTEX(between);
static DEFINE_MUTEX(inner);

static int migrate(struct kvm *dst, struct kvm *src)
{
	if (dst < src) {
		mutex_lock(&outer);
		mutex_lock(&between);
		mutex_lock(&inner);
		mutex_unlock(&between);
		mutex_unlock(&inner);
		mutex_unlock(&outer);
	} else {
		mutex_lock(&inner);
		mutex_lock(&outer);
		mutex_unlock(&outer);
		mutex_unlock(&inner);
	}
	return 0;
}
