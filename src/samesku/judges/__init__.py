"""Who answers "same product?": people, files, chat models, LLaVA; and what their answers teach."""
