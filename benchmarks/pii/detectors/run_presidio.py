"""Personal data with Presidio's stock recognisers for Chinese on a blank spaCy pipeline: run_presidio.py FOLDER.

No model for names: the package index has none of spaCy's Chinese ones from their publisher.
"""

from collections.abc import Callable

from texts import Spans, each, serve

LABELS = {
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "email",
    "IP_ADDRESS": "ip",
    "URL": "url",
    "CREDIT_CARD": "bank_card",
    "DATE_TIME": "date",
}


def finder() -> Callable[[str], Spans]:
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine

    # Its list of top-level domains comes with it; by default it asks for a newer one on the net.
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())
    engine = SpacyNlpEngine(ner_model_configuration=NerModelConfiguration())
    engine.nlp = {"zh": spacy.blank("zh")}  # the Chinese tokenizer (characters) and nothing behind it
    registry = RecognizerRegistry(supported_languages=["zh"])
    registry.load_predefined_recognizers(languages=["zh"], nlp_engine=engine)
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["zh"])

    def find(text: str) -> Spans:
        found = analyzer.analyze(text=text, language="zh")
        return [(item.start, item.end, LABELS.get(item.entity_type, item.entity_type)) for item in found]

    return find


if __name__ == "__main__":
    serve(each(finder()))
