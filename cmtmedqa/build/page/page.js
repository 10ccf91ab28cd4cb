(() => {
  "use strict";
  const root = document.documentElement;
  const tags = { en: "en", zh: "zh-Hans" };
  root.classList.add("js");

  const use = (language) => {
    root.lang = tags[language];
    for (const link of document.querySelectorAll("a[data-language]")) {
      if (link.dataset.language === language) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  const fromHash = () => (Object.hasOwn(tags, location.hash.slice(1)) ? location.hash.slice(1) : null);
  const fromQuery = () => {
    const wanted = (new URLSearchParams(location.search).get("lang") || "").slice(0, 2);
    return Object.hasOwn(tags, wanted) ? wanted : null;
  };

  use(fromHash() || fromQuery() || (navigator.language.startsWith("zh") ? "zh" : "en"));
  addEventListener("hashchange", () => fromHash() && use(fromHash()));
  for (const link of document.querySelectorAll("a[data-language]")) {
    // Without this a change of language would jump to the top of the page.
    link.addEventListener("click", (event) => {
      event.preventDefault();
      use(link.dataset.language);
      history.replaceState(null, "", link.hash);
    });
  }
})();
