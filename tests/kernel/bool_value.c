/*
 * title: The value of a write to a bool
 * source: C11 6.5.16, "An assignment expression has the value of the left operand after the assignment"
 * entry: migrate
 * persistent: ready, count
 */
static int set(bool *flag, int value)
{
	return *flag = value;
}

static int migrate(struct kvm *dst, struct kvm *src)
{
	int ret = set(&dst->ready, 6);

	ret += dst->ready += 4;
	ret += src->count = 300;
	return ret == 302 ? 0 : -ret;
}
