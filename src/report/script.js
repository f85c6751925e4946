(function () {
  'use strict';
  var doc = document;
  function all(selector, root) { return Array.prototype.slice.call((root || doc).querySelectorAll(selector)); }

  // Save a chart as SVG, with the colours it has now, and its numbers as CSV.
  function save(name, type, text) {
    var a = doc.createElement('a');
    a.href = URL.createObjectURL(new Blob([text], { type: type }));
    a.download = name;
    a.click();
    setTimeout(function () { URL.revokeObjectURL(a.href); }, 1000);
  }
  var styles = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'font-family', 'font-size', 'font-weight', 'paint-order'];
  function drawing(svg) {
    var pattern = doc.querySelector('#patterns defs');
    var copy = svg.cloneNode(true), from = all('*', svg).concat(all('*', pattern)), defs = pattern.cloneNode(true);
    var to = all('*', copy).concat(all('*', defs));
    copy.insertBefore(defs, copy.firstChild);
    from.forEach(function (element, i) {
      var now = getComputedStyle(element);
      styles.forEach(function (name) { to[i].setAttribute(name, now.getPropertyValue(name)); });
    });
    copy.setAttribute('width', 760);
    return new XMLSerializer().serializeToString(copy);
  }
  function cell(text) {
    text = text.replace(/\s+/g, ' ').trim();
    if (/^[=+\-@]/.test(text) && !/^[+\-]?[\d.]+$/.test(text)) { text = "'" + text; }
    return '"' + text.replace(/"/g, '""') + '"';
  }
  function numbers(table) {
    return all('tr', table).map(function (row) {
      return all('th,td', row).map(function (c) { return cell(c.textContent.replace(/\u2212/g, '-')); }).join(',');
    }).join('\r\n') + '\r\n';
  }
  function button(words, action) {
    var b = doc.createElement('button');
    b.type = 'button';
    b.textContent = words;
    b.addEventListener('click', action);
    return b;
  }
  all('figure').forEach(function (figure, i) {
    var tools = doc.createElement('p'), svg = figure.querySelector('svg'), table = figure.querySelector('table');
    tools.className = 'tools';
    var name = 'figure-' + (i + 1);
    if (svg) { tools.appendChild(button('Save chart (SVG)', function () { save(name + '.svg', 'image/svg+xml', drawing(svg)); })); }
    if (table) { tools.appendChild(button('Save numbers (CSV)', function () { save(name + '.csv', 'text/csv', numbers(table)); })); }
    if (tools.firstChild) { figure.appendChild(tools); }
  });

  // What stands in a row or cell, without what can be opened beneath it.
  function ownWords(element) {
    var beneath = element.querySelector('details');
    return beneath ? element.textContent.replace(beneath.textContent, '') : element.textContent;
  }

  // Sort a table by a column; a second press turns the order round.
  function key(row, column) {
    var c = row.cells[column];
    if (!c) { return ''; }
    var value = c.getAttribute('data-v') || ownWords(c).trim();
    var number = parseFloat(value.replace(/\u2212/g, '-').replace(/[^0-9.eE+\-]/g, ''));
    return /\d/.test(value) && !isNaN(number) && !/^\d{4}-\d\d/.test(value) ? number : value.toLowerCase();
  }
  all('table.sortable').forEach(function (table) {
    all('thead th', table).forEach(function (head, column) {
      var words = head.textContent;
      head.textContent = '';
      head.appendChild(button(words, function () {
        var down = head.getAttribute('aria-sort') === 'ascending';
        all('thead th', table).forEach(function (other) { other.removeAttribute('aria-sort'); });
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        all('tbody', table).forEach(function (body) {
          var rows = all('tr', body).filter(function (row) { return !row.classList.contains('head'); });
          rows.map(function (row, i) { return { row: row, key: key(row, column), i: i }; })
            .sort(function (a, b) {
              var order = typeof a.key === typeof b.key ? (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) : typeof a.key === 'number' ? -1 : 1;
              return (down ? -order : order) || a.i - b.i;
            })
            .forEach(function (item) { body.appendChild(item.row); });
        });
      }));
    });
  });

  // Filter the statements; the filter stands in the address, so that it can be sent to somebody.
  var table = doc.querySelector('table.evidence'), form = doc.querySelector('form.filters');
  if (!table || !form) { return; }
  form.hidden = false;
  var count = doc.getElementById('shown');
  var rows = all('tbody tr.s', table).map(function (row) {
    return { row: row, classes: (row.getAttribute('data-c') || '').split(' '), group: row.parentNode.getAttribute('data-o'), words: ownWords(row).toLowerCase() };
  });
  var fields = ['o', 'a', 'c', 'q'];
  function classesOf(axis) {
    all('option[data-a]', form.elements.c).forEach(function (option) {
      var other = option.getAttribute('data-a') !== axis;
      option.hidden = other;
      option.disabled = other;
    });
  }
  function apply() {
    var o = form.elements.o.value, a = form.elements.a.value, c = form.elements.c.value, q = form.elements.q.value.trim().toLowerCase(), shown = 0;
    classesOf(a);
    rows.forEach(function (r) {
      var keep = (!o || r.group === o) && (!q || r.words.indexOf(q) >= 0);
      if (keep && a) { keep = c ? r.classes[+a] === c.split('.')[1] : r.classes[+a] !== '-'; }
      r.row.hidden = !keep;
      if (keep) { shown += 1; }
    });
    all('tbody', table).forEach(function (body) { body.hidden = !body.querySelector('tr.s:not([hidden])'); });
    count.textContent = shown + ' of ' + rows.length + ' statements';
  }
  function remember() {
    var parts = fields.filter(function (f) { return form.elements[f].value; }).map(function (f) { return f + '=' + encodeURIComponent(form.elements[f].value); });
    history.replaceState(null, '', parts.length ? '#filter&' + parts.join('&') : '#statements');
  }
  function choose(o, a, c) {
    form.elements.o.value = o || '';
    form.elements.a.value = a || '';
    classesOf(form.elements.a.value);
    form.elements.c.value = a && c ? a + '.' + c : '';
    form.elements.q.value = '';
    apply();
    remember();
    doc.getElementById('statements').scrollIntoView();
  }
  function recall() {
    if (location.hash.indexOf('#filter&') !== 0) { return; }
    location.hash.slice(8).split('&').forEach(function (part) {
      var at = part.indexOf('='), field = part.slice(0, at);
      if (fields.indexOf(field) < 0) { return; }
      try { form.elements[field].value = decodeURIComponent(part.slice(at + 1)); } catch (e) { return; }
    });
    apply();
    doc.getElementById('statements').scrollIntoView();
  }
  doc.addEventListener('click', function (event) {
    var a = event.target.closest ? event.target.closest('a[data-o]') : null;
    if (!a) { return; }
    event.preventDefault();
    choose(a.getAttribute('data-o'), a.getAttribute('data-a'), a.getAttribute('data-c'));
  });
  form.addEventListener('input', function () {
    if (form.elements.c.value && form.elements.c.value.split('.')[0] !== form.elements.a.value) { form.elements.c.value = ''; }
    apply();
    remember();
  });
  form.addEventListener('submit', function (event) { event.preventDefault(); });
  form.addEventListener('reset', function () { setTimeout(function () { apply(); remember(); }, 0); });
  addEventListener('hashchange', recall);
  apply();
  recall();
})();
