/**
 * What js/markdown uses of commonmark.js 0.31, its inner fields included: the parser is driven line by line, which its
 * public `parse` does not offer. The version is pinned, and tests/commonmark.test.js runs all examples of the specification.
 */
declare module "commonmark" {
  interface ListData {
    type: "bullet" | "ordered" | null;
    tight: boolean;
    start: number | null;
    delimiter: string | null;
    bulletChar: string | null;
    markerOffset: number;
    padding: number;
  }

  class Node {
    constructor(type: string, sourcepos?: [[number, number], [number, number]]);
    readonly type: string;
    literal: string | null;
    destination: string | null;
    title: string | null;
    level: number | null;
    sourcepos: [[number, number], [number, number]];
    appendChild(child: Node): void;
    insertAfter(sibling: Node): void;
    unlink(): void;

    _type: string;
    _open: boolean;
    _parent: Node | null;
    _firstChild: Node | null;
    _lastChild: Node | null;
    _prev: Node | null;
    _next: Node | null;
    _string_content: string | null;
    _literal: string | null;
    _listData: ListData;
    _info: string | null;
    _isFenced: boolean;
    _fenceChar: string | null;
    _fenceLength: number;
    _htmlBlockType?: number;

    /** Ours: the lines of a code, HTML or math block. */
    _lines?: string[];
    /** Ours: nothing to show, e.g. a paragraph that held link definitions alone. */
    _hidden?: boolean;
    /** Ours: the cells of a table's first row, and how its columns are aligned. */
    _cells?: string[];
    _aligns?: (string | null)[];
    /** Ours: the name of a footnote, normalised and as written. */
    _label?: string;
    _name?: string;
    /** Ours: the last child up to which blank lines between children were looked for, and whether there was one. */
    _looked?: Node | null;
    _apart?: boolean;
    /** Ours: what closes a math block; whether a formula stands on lines of its own. */
    _closer?: string;
    _display?: boolean;
    /** Ours: a run of tildes that may open or close. */
    _tildes?: { canOpen: boolean; canClose: boolean };
  }

  type Refmap = Record<string, { destination: string; title: string }>;

  interface InlineParser {
    subject: string;
    pos: number;
    refmap: Refmap;
    brackets: { node: Node; previous: InlineParser["brackets"]; index: number; image: boolean; active: boolean } | null;
    delimiters: { node: Node; previous: InlineParser["delimiters"]; numdelims: number; can_open: boolean } | null;
    match(pattern: RegExp): string | null;
    peek(): number;
    parse(block: Node): void;
    parseInline(block: Node): boolean;
    parseString(block: Node): boolean;
    parseBackslash(block: Node): boolean;
    parseBackticks(block: Node): boolean;
    parseOpenBracket(block: Node): boolean;
    parseReference(text: string, refmap: Refmap): number;
    processEmphasis(bottom: InlineParser["delimiters"]): void;
    scanDelims(code: number): { numdelims: number; can_open: boolean; can_close: boolean } | null;
  }

  interface BlockRules {
    continue(parser: Parser, container: Node): 0 | 1 | 2;
    finalize(parser: Parser, block: Node): void;
    canContain(type: string): boolean;
    acceptsLines: boolean;
  }

  type BlockStart = (parser: Parser, container: Node) => 0 | 1 | 2;

  class Parser {
    constructor();
    doc: Node;
    tip: Node;
    oldtip: Node;
    blocks: Record<string, BlockRules>;
    blockStarts: BlockStart[];
    inlineParser: InlineParser;
    refmap: Refmap;
    currentLine: string;
    lineNumber: number;
    lastLineLength: number;
    offset: number;
    column: number;
    nextNonspace: number;
    indent: number;
    indented: boolean;
    blank: boolean;
    partiallyConsumedTab: boolean;
    allClosed: boolean;
    lastMatchedContainer: Node;
    findNextNonspace(): void;
    advanceOffset(count: number, columns?: boolean): void;
    advanceNextNonspace(): void;
    addLine(): void;
    addChild(type: string, offset: number): Node;
    closeUnmatchedBlocks(): void;
    finalize(block: Node, lineNumber: number): void;
  }

  /** Used by the tests alone, as what is compared with. */
  class HtmlRenderer {
    render(tree: Node): string;
    out(text: string): void;
    lit(text: string): void;
    html_inline(node: Node): void;
    html_block(node: Node): void;
  }

  interface Parser {
    parse(markdown: string): Node;
  }
}
