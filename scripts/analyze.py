"""Label, gist and summarise speeches.

    python scripts/analyze.py ../shared/examples --output outputs/examples.jsonl --html outputs/examples.html

`--help` lists the options; the same program is installed as `jianghua`.
"""

from jianghua.inference.command import main

if __name__ == "__main__":
    main()
