/*
 * title: Three classes, the middle one only tried
 * source: kernel/locking/lockdep.c, check_prevs_add(): a trylock adds no dependency of its own
 * entry: migrate
 */
static DEFINE_MUTEX(outer);
static DEFINE_MUTEX(middle);
static DEFINE_MUTEX(inner);

static int up(void)
{
	mutex_lock(&outer);
	if (mutex_trylock(&middle)) {
		mutex_lock(&inner);
		mutex_unlock(&inner);
		mutex_unlock(&middle);
	}
	mutex_unlock(&outer);
	return 0;
}

static int down(void)
{
	mutex_lock(&inner);
	mutex_lock(&outer);
	mutex_unlock(&outer);
	mutex_unlock(&inner);
	return 0;
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	return dst < src ? up() : down();
}
