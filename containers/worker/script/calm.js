// Stops animations: a spinner nobody looks at costs a third of a core (browser-sessions.md, section 1).

// An adopted sheet needs no element and passes any content security policy.
const calm = new CSSStyleSheet();
calm.replaceSync('*,*::before,*::after{animation:none!important;transition:none!important}');
document.adoptedStyleSheets.push(calm);
