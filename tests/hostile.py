"""A scheme that tries to be more than text: markup, control and bidirectional characters, a name without end."""

HOSTILE = f"""/*
 * title: </script><img src=x onerror=alert(1)>
 * source: <b onclick="x()">somebody</b> &amp; 'quotes' "more"
 * entry: migrate
 *
 * ]]> <!-- --> </style><script>document.title = "owned"</script> \u202eRight to left\u2066 \x1b[31m
 */
static int migrate(struct kvm *dst, struct kvm *src)
{{
	if (dst->{"x" * 900})
		return -EBUSY;
	mutex_lock(&dst->lock);	/* </script><script>document.title = "owned"</script> \u202e }} \u2066 if (admin) */
	mutex_unlock(&dst->lock);
	return 0;
}}
"""
