// Small comforts. Every page works without this file.
(function () {
  "use strict";

  // A filter or an order is applied as soon as it is chosen; the button is for those without this script.
  document.querySelectorAll("form[data-instant]").forEach(function (form) {
    form.classList.add("is-instant");
    var waiting;
    form.addEventListener("change", function (event) {
      if (event.target.matches("[data-typed]")) return;
      clearTimeout(waiting);
      waiting = setTimeout(function () { form.requestSubmit(); }, 250);
    });
    // Empty fields would only make the address longer.
    form.addEventListener("submit", function () {
      form.querySelectorAll("input, select").forEach(function (field) {
        if (!field.value) field.disabled = true;
      });
    });
  });

  // On a wide screen filters stand open beside the list.
  var wide = window.matchMedia("(min-width: 62rem)");
  var panel = document.querySelector("details[data-open-when-wide]");
  if (panel && wide.matches) panel.open = true;

  // How many things are in the cart: pages that are the same for everybody learn it from a cookie.
  var count = /(?:^|; )cart_count=(\d{1,4})(?:;|$)/.exec(document.cookie);
  document.querySelectorAll("[data-cart]").forEach(function (link) {
    var badge = link.querySelector(".header-count"), n = count ? Number(count[1]) : 0;
    badge.textContent = n > 99 ? "99+" : n || "";
    badge.hidden = !n;
    link.setAttribute("aria-label", link.dataset.cart + (n ? ", " + n : ""));
  });

  // One click, one order: a second one on the same button sends nothing.
  document.querySelectorAll("form[data-once]").forEach(function (form) {
    form.addEventListener("submit", function (event) {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
    window.addEventListener("pageshow", function () { delete form.dataset.sent; });
  });

  // What was refused is read first.
  var refusals = document.getElementById("refusals");
  if (refusals) refusals.focus();

  // A picture that lives elsewhere and cannot be fetched leaves its place empty rather than torn.
  function hide(image) { image.classList.add("is-broken"); }
  document.querySelectorAll("img").forEach(function (image) {
    if (image.complete && !image.naturalWidth && image.loading !== "lazy") hide(image);
  });
  document.addEventListener("error", function (event) {
    if (event.target.tagName === "IMG") hide(event.target);
  }, true);

  // Panels that lie over the page are closed by Escape and by a click elsewhere.
  function close(except) {
    document.querySelectorAll("details[data-over][open]").forEach(function (one) {
      if (one !== except) one.open = false;
    });
  }
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    var open = document.querySelector("details[data-over][open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
  });
  document.addEventListener("click", function (event) {
    close(event.target.closest("details[data-over]"));
  });
})();
