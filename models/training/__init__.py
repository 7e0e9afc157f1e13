"""What both trainings share: chat rendering, tokenizer, network, batches and GGUF files."""
