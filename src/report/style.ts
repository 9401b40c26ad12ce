/** The look of the page: one set of variables a colour scheme, nothing loaded from anywhere. */
export const STYLE = `
:root{color-scheme:light dark;
--page:#f6f7f9;--card:#fff;--ink:#16202c;--soft:#5b6878;--edge:#e3e7ec;--grid:#edf0f3;--day:#d5dbe2;--zero:#a8b2be;
--accent:#1f6f8b;--amber:#d0892b;--red:#c8423b;--violet:#6d5bb3;--pine:#2f7d4f;--good:#23805a;--goodback:#e4f4ec;--bad:#b3261e;--badback:#fde8e6;
--b0:#dde2e8;--b1:#8f1d1d;--b2:#cf4a3a;--b3:#e8894a;--b4:#f2c06b;--b5:#a9d0c0;--b6:#5aa6a4;--b7:#2b7288}
@media (prefers-color-scheme:dark){:root{
--page:#0e141b;--card:#161e27;--ink:#e6ebf1;--soft:#93a1b1;--edge:#25303c;--grid:#1f2933;--day:#33404e;--zero:#56667a;
--accent:#55b3d1;--amber:#e5a650;--red:#ef6f66;--violet:#a493e6;--pine:#6fcf97;--good:#5fcb9c;--goodback:#12342a;--bad:#ff8a80;--badback:#411a1a;
--b0:#2b3541;--b1:#ff5a4f;--b2:#d9503f;--b3:#cf7a41;--b4:#b8924d;--b5:#5f8f86;--b6:#3b7f83;--b7:#235a70}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1120px;margin:0 auto;padding:36px 20px 64px}
header{display:flex;gap:18px;align-items:center;margin-bottom:6px}
header svg{width:52px;height:52px;flex:none;color:var(--accent)}
h1{font-size:27px;line-height:1.2;margin:0;letter-spacing:-.015em;font-weight:650}
h2{font-size:15px;margin:0;font-weight:620}
.source{color:var(--soft);margin:2px 0 0}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:12px;margin:26px 0 14px}
.card,.chart,.table{background:var(--card);border:1px solid var(--edge);border-radius:10px}
.card{padding:13px 15px}
.card b{display:flex;flex-wrap:wrap;gap:2px 10px;align-items:center;font-size:20px;line-height:1.25;font-weight:640;letter-spacing:-.01em;overflow-wrap:anywhere}
.card span{color:var(--soft);font-size:13px}
.card small{color:var(--soft);display:block;font-size:12px;line-height:1.35;margin-top:2px}
.mark{font-size:11px;font-style:normal;font-weight:650;letter-spacing:0;white-space:nowrap;border-radius:99px;padding:1px 8px}
.mark.good{color:var(--good);background:var(--goodback)}.mark.bad{color:var(--bad);background:var(--badback)}
.chart{padding:14px 16px 8px;margin-top:12px}
.head{display:flex;flex-wrap:wrap;gap:2px 22px;align-items:baseline;justify-content:space-between;margin-bottom:6px}
.note{color:var(--soft);font-size:13px;font-weight:400;margin-left:8px}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:12.5px;color:var(--soft)}
.legend i{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:6px;vertical-align:-1px;background:currentColor}
.legend output{color:var(--ink);font-weight:600;margin-left:6px}
svg{display:block;width:100%;height:auto}
.scroll{overflow-x:auto}.scroll svg{min-width:620px}
.tick{font-size:11.5px;fill:var(--soft)}.strong{fill:var(--ink);font-weight:600}
.grid{stroke:var(--grid)}.day{stroke:var(--day)}.zero{stroke:var(--zero)}
.over .grid,.over .day{stroke:var(--card);stroke-opacity:.35}
.line{fill:none;stroke:currentColor;stroke-width:1.7;stroke-linejoin:round}
.area{fill:currentColor;opacity:.12}.fill{fill:currentColor}
.fan{fill:var(--accent);color:var(--accent);fill-opacity:.3}.fan.wide{fill-opacity:.14}
.legend i.fan{opacity:.5}.legend i.fan.wide{opacity:.25}
.dot{fill:currentColor;fill-opacity:.62;stroke:var(--card);stroke-width:.8}
.window{fill:var(--ink);opacity:.1}.expiry{stroke:var(--ink);stroke-width:1.2;opacity:.6}
.profile{margin:8px 0 0}.profile figcaption{font-size:12.5px;color:var(--soft);margin-bottom:2px}.profile b{color:var(--ink);font-weight:620;margin-right:6px}
.level{stroke:currentColor;stroke-width:1.3;stroke-dasharray:5 3}.ring{fill:none;stroke:currentColor;stroke-width:1.8}.small{font-size:10.5px}
.legend i.ring{background:none;border:2px solid currentColor;border-radius:50%}.legend i.dash{height:0;background:none;border-top:2px dashed currentColor;border-radius:0;vertical-align:3px}
.cross{stroke:var(--ink);stroke-width:1;stroke-dasharray:3 3;opacity:.75;pointer-events:none}
.accent{color:var(--accent)}.amber{color:var(--amber)}.red{color:var(--red)}.violet{color:var(--violet)}.pine{color:var(--pine)}.ink{color:var(--ink)}
${[0, 1, 2, 3, 4, 5, 6, 7].map((i) => `.b${i}{fill:var(--b${i});color:var(--b${i})}`).join("")}
.band{stroke:var(--card);stroke-width:.4}
.table{margin-top:12px;padding:14px 16px}
table{border-collapse:collapse;width:100%;margin-top:8px;font-size:13.5px}
td,th{text-align:left;padding:5px 8px;border-top:1px solid var(--edge);vertical-align:top}th{font-weight:500;color:var(--soft);width:42%}
td{overflow-wrap:anywhere}
.grid th,.grid td{text-align:right;width:auto}.grid td{white-space:nowrap}.grid th{vertical-align:bottom}
.two{display:grid;grid-template-columns:1fr 1fr;gap:12px}@media (max-width:760px){.two{grid-template-columns:1fr}.note{display:block;margin-left:0}}
#clock{position:fixed;right:18px;bottom:16px;background:var(--ink);color:var(--page);padding:5px 12px;border-radius:99px;font-size:13px;opacity:0;transition:opacity .15s}
#clock.on{opacity:.94}
footer{color:var(--soft);font-size:12.5px;margin-top:22px}
@media print{body{background:#fff}.chart,.card,.table{break-inside:avoid}}
`;

/** Moves one cross-hair through all charts and shows the values under it in their legends. */
export const SCRIPT = `
const data=JSON.parse(document.getElementById("data").textContent),clock=document.getElementById("clock");
const charts=[...document.querySelectorAll("svg.timed")];
function show(i){for(const c of charts){const l=c.querySelector(".cross");l.setAttribute("x1",data.xs[i]);l.setAttribute("x2",data.xs[i]);
c.closest(".chart").querySelectorAll("output").forEach((o,k)=>o.textContent=data.charts[c.id][k][i])}
clock.textContent=data.times[i];clock.classList.add("on")}
function hide(){for(const c of charts){const l=c.querySelector(".cross");l.setAttribute("x1",-9);l.setAttribute("x2",-9);
c.closest(".chart").querySelectorAll("output").forEach(o=>o.textContent="")}clock.classList.remove("on")}
for(const c of charts){c.addEventListener("pointermove",e=>{const r=c.getBoundingClientRect(),x=(e.clientX-r.left)/r.width*1000;
let a=0,b=data.xs.length-1;while(b-a>1){const m=(a+b)>>1;data.xs[m]<x?a=m:b=m}show(x-data.xs[a]<data.xs[b]-x?a:b)});c.addEventListener("pointerleave",hide)}
`;
