"""What is compared: the base model, memories put before the question, and UNO with ablations."""
