/** The page's style: light and dark, on a phone and on paper, with nothing from elsewhere. */
export const style = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #59636e; --line: #d6dce2; --card: #f6f8fa;
  --high: #b3261e; --medium: #9a5b00; --low: #2f6f9f; --good: #1a7f37; --before: #aeb8c2; }
@media (prefers-color-scheme: dark) { :root { --paper: #0f1318; --ink: #e6eaee; --soft: #9aa5b1; --line: #2c343d; --card: #171d24;
  --high: #ff8a80; --medium: #f0b357; --low: #79b8e8; --good: #5fd47f; --before: #56616c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
p { margin: .25rem 0 .75rem; }
.soft { color: var(--soft); font-size: .9rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem; margin: 1.25rem 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem .9rem; }
.tile b { display: block; font-size: 1.7rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile.high b, .high .mark { color: var(--high); } .tile.medium b, .medium .mark { color: var(--medium); } .tile.low b, .low .mark { color: var(--low); }
.good { color: var(--good); } .bad { color: var(--high); }
figure { margin: .5rem 0 1rem; }
figcaption { color: var(--soft); font-size: .9rem; }
svg { display: block; width: 100%; height: auto; max-width: 44rem; }
svg text { font: 13px system-ui, sans-serif; fill: var(--ink); font-variant-numeric: tabular-nums; }
svg .soft { fill: var(--soft); } svg .before { fill: var(--before); } svg .after { fill: var(--good); } svg .track { fill: var(--card); stroke: var(--line); }
.finding { border: 1px solid var(--line); border-left: .3rem solid var(--line); border-radius: .4rem; padding: .6rem .85rem; margin: .6rem 0; break-inside: avoid; }
.finding.high { border-left-color: var(--high); } .finding.medium { border-left-color: var(--medium); } .finding.low { border-left-color: var(--low); }
.finding p { margin: .2rem 0; }
.mark { font-size: .78rem; font-weight: 650; text-transform: uppercase; letter-spacing: .04em; margin-right: .4rem; }
code { font: .88em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--card); border-radius: .25rem; padding: .1em .3em; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .75rem; margin: .4rem 0; white-space: pre-wrap; }
pre code { background: none; padding: 0; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th, td { text-align: left; padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; } td:last-child, th:last-child { padding-left: .6rem; }
details { margin: .75rem 0; } summary { cursor: pointer; color: var(--soft); }
details ul { margin: .5rem 0; padding-left: 1.2rem; font-size: .9rem; }
a { color: inherit; }
@media (max-width: 34rem) { body { padding: 1rem .75rem 3rem; } .wide { display: none; } svg text { font-size: 22px; } table { font-size: .85rem; } th, td { padding-right: .35rem; } }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } .tile, .finding, pre { background: none; } h2 { break-before: auto; } details:not([open]) { display: none; } }
`;
