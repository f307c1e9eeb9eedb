# Every target is one line of dev.py, which sets up what it needs: python3 dev.py --help

.PHONY: quickstart test check js bench format
quickstart test check js bench format:
	python3 dev.py $@
