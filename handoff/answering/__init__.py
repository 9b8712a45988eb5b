"""What helps whoever answers a citizen: suggested answers, the knowledge base beside the conversation, canned answers."""
