"""What the review page says, in both languages; labels are named by the codebook."""

from __future__ import annotations

from collections.abc import Mapping

# key → (Chinese, English); why.* are the reasons of the queue.
REVIEW_WORDS: Mapping[str, tuple[str, str]] = {
    "name": ("讲话复核", "Review of labels"),
    "task_type": ("段落功能", "Task type"),
    "policy_domain": ("政策领域", "Policy domain"),
    "gist": ("要旨", "Gist"),
    "items": ("分项", "Items"),
    "whole": ("整段", "Paragraph"),
    "no_items": ("本段有去除内容，分项位置不明，不在此复核。",
                 "Text was removed inside this paragraph: its items have no known place, and are not reviewed here."),
    "add_item": ("所选文字作分项", "Selected text as item"),
    "drop_item": ("不是分项", "Not an item"),
    "uncertain": ("拿不准", "Unsure"),
    "save": ("确认并下一段", "Confirm, next"),
    "back": ("上一段", "Back"),
    "forward": ("下一段", "Skip"),
    "agreement": ("一致性", "Agreement"),
    "paragraphs": ("段", "paragraphs"),
    "kappa": ("科恩 κ", "Cohen's κ"),
    "equal": ("相同", "equal"),
    "with": ("与", "with"),
    "model": ("模型", "the models"),
    "nobody": ("还没有可比较的复核。", "Nothing to compare yet."),
    "blind": ("只显示数字，不显示他人的标注。", "Numbers only: what others said stays hidden."),
    "done": ("已复核", "reviewed"),
    "all_done": ("全部复核完毕。", "Everything is reviewed."),
    "saved": ("已保存", "Saved"),
    "not_saved": ("未保存：", "Not saved: "),
    "gone": ("复核程序已停止。重新运行 jianghua review 并打开它给出的新地址；已保存的都在。",
             "The program has stopped. Run jianghua review again and open the new address; what was saved is there."),
    "shortcuts": ("单键快捷", "Single keys"),
    "keys": ("1–9 段落功能，字母为政策领域，Z 拿不准，C 写要旨，↑↓ 换分项，N 新分项，X 去分项，←→ 前后，回车确认",
             "1–9 task type, letters policy domain, Z unsure, C gist, ↑↓ items, N new item, X drop item, "
             "←→ back and forth, Enter confirms"),
    "rules": ("规则", "Rules"),
    "mine": ("我的复核", "My review"),
    "said": ("模型", "Models"),
    "why": ("先看这段，因为", "Why this one"),
    "why.close_task": ("段落功能难分", "two task types are close"),
    "why.close_domain": ("政策领域难定", "a domain is close to one half"),
    "why.rules_task": ("与规则的段落功能不同", "the rules give another task type"),
    "why.rules_domain": ("与规则的政策领域不同", "the rules give other domains"),
    "why.marked": ("待复核", "needs review"),
    "undated": ("日期不详", "no date"),
}  # fmt: skip
