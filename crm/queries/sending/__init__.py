"""What planning and sending find due, in hand, or on its way already."""
