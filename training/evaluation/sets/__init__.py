"""Sets of prompts to evaluate on; each says how an answer is scored."""
