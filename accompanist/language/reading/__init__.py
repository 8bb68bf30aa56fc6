"""From source to names and types, without importing anything: modules, annotations, messages, roles.

Begin with `language.reading.modules` (which name means what) and `language.reading.messages` (what may cross).
"""
