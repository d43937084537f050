"""What each figure of a run says, in a few words, for those who did not name it."""

from collections.abc import Mapping

from eval.contrast import RIGHT

MEANINGS: Mapping[str, str] = {
    RIGHT: "of all questions: a right quote, or rightly none",
    "Success@1": "a right passage stands first",
    "Success@3": "a right passage is among the first three",
    "Success@5": "a right passage is among the first five",
    "RR@10": "1 / place of the first right passage",
    "nDCG@10": "right passages of the first ten, the higher the better",
    "R@10": "share of the right ones among the first ten",
    "R@20": "share of the right ones among the first twenty",
    "R@100": "share of the right ones among the first hundred",
    "Judged@10": "share of the first ten that somebody judged",
    "answer sentence hit@1": "the first quote is right",
    "exact citation, of answered": "some quote is right, of answers given",
    "exact citation, of all": "some quote is right, of answerable questions",
    "answer in a quote": "a quote holds the gold answer's words",
    "token F1": "words shared by first quote and gold",
    "spans whole in a passage": "the most that this splitting allows",
    "quotes, of answered": "quotes in an answer",
    "words, of answered": "words in an answer",
    "abstention precision": "of refusals, those of unanswerable questions",
    "abstention recall": "of unanswerable questions, those refused",
    "AUROC": "chance that an answerable question is surer than an unanswerable one",
    "AURC": "mean risk over all thresholds; 0 is best",
    "coverage at 80 % precision": "answerable questions answered right where 80 % of answers are right",
    "coverage at 90 % precision": "the same where 90 % are",
    "coverage at 95 % precision": "the same where 95 % are",
    "calibration error": "distance of confidence and share right; 0 is best",
    "Brier score, of answered": "squared distance of confidence and rightness; 0 is best",
}
