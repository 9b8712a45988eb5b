"""The assistant's turns: durable, on time, dropped when a person has taken over."""
