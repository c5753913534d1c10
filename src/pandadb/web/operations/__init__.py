"""Operations of forms: verbs on jobs, each with a dry run before."""
