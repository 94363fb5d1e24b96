/*
 * title: Bools side by side
 * source: Documentation/memory-barriers.txt, "READ_ONCE() and WRITE_ONCE()"
 * entry: migrate
 * persistent: first, second, sev.state.left, sev.state.right
 */
static bool first, second;

static void turn_on(bool *flag)
{
	*flag = true;
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	bool *left = &dst->sev.state.left, *right = &src->sev.state.right;

	turn_on(right);
	second = *right;
	turn_on(left);
	first = *left && !READ_ONCE(dst->sev.state.right);
	WRITE_ONCE(*right, false);
	return first ? 0 : -EBUSY;
}
