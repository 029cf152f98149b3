"""The controlled vocabularies: what the codes in headers and filters mean."""

from __future__ import annotations

from kb.api.operations import operation
from kb.api.parameters import Localised
from kb.api.schemas import ConceptItem, VocabulariesAnswer, VocabularyAnswer, VocabularyCard
from kb.domain.errors import N_, NotFound
from kb.runtime import interface_language, vocabularies


@operation("/vocabularies", VocabulariesAnswer)
def list_vocabularies() -> VocabulariesAnswer:
    """List the vocabularies."""
    return VocabulariesAnswer(
        vocabularies=[
            VocabularyCard(
                name=scheme.name,
                concepts=len(scheme.concepts),
                languages=sorted({tag for concept in scheme.concepts.values() for tag in concept.labels}),
                url=f"/api/v1/vocabularies/{scheme.name}",
            )
            for scheme in sorted(vocabularies(), key=lambda scheme: scheme.name)
        ]
    )


@operation("/vocabularies/<scheme>", VocabularyAnswer, parameters=Localised, refusals=(404,))
def read_vocabulary(scheme: str) -> VocabularyAnswer:
    """Read a vocabulary."""
    if scheme not in vocabularies().names():
        raise NotFound(N_("There is nothing at this address."))
    locale = interface_language()
    return VocabularyAnswer(
        name=scheme,
        concepts=[
            ConceptItem(
                code=concept.code,
                parent=concept.parent,
                label=concept.label(locale),
                labels=dict(concept.labels),
                extra=dict(concept.extra),
            )
            for concept in vocabularies()[scheme].concepts.values()
        ],
    )
