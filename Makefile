# Every target is one line of dev.py, which sets up what it needs: python3 dev.py --help

.PHONY: quickstart test coverage check js bench soak format
quickstart test coverage check js bench soak format:
	python3 dev.py $@
