"""From the checked form to one program per role: selections, projection, merging, generated text.

Begin with `language.projection.project`; `amend` puts in the selections that are needed, `emit` writes the generator.
"""
