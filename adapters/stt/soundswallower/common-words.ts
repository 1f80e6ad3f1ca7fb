/** Frequent English words of all lengths and sounds. A loop of those that the dialog does not use stands for everything else that people say: it fits such speech better than the dialog's words do.
 */
export const COMMON_WORDS: readonly string[] = (
  'the be of and a in to have it for not on with he as you do at this but his by from they we say her she or an will my one all would there ' +
  'their what so up out if about who get which go me when make can like time no just him know take people into year your good some could them ' +
  'see other than then now look only come its over think also back after use two how our work first well way even new want because any these ' +
  'give day most us man woman child world life hand part place week case point number group problem fact ask seem feel try leave call find ' +
  'tell become begin show hear play run move live believe bring happen write sit stand lose pay meet include continue set learn change lead ' +
  'understand watch follow stop create speak read spend grow open walk win teach offer remember consider appear buy serve die send build stay ' +
  'fall cut reach kill raise pass sell decide return explain hope develop carry break receive agree support hit produce eat cover catch draw ' +
  'choose big small long short little large old young high low right left next early important different possible able bad few public same ' +
  'sure free better best true whole red green blue black white hot cold full easy hard clear close dark light strong warm wrong happy ready ' +
  'water food house home room door window table chair kitchen street city country school book paper letter story word name line side kind ' +
  'head face eye mouth foot heart body mother father brother sister family friend boy girl baby doctor teacher king money market office ' +
  'company business service system program question answer idea reason result morning evening night today tomorrow yesterday minute hour ' +
  'month moment war law power music picture movie party game team player ball car bus train plane boat road bridge river sea lake mountain ' +
  'tree flower garden animal dog cat horse bird fish sun rain snow wind fire coffee tea milk sugar bread cheese apple orange juice breakfast ' +
  'dinner lunch bottle glass cup box bag shirt shoe coat computer phone radio television message mirror view three four five six seven ' +
  'eight nine ten zero hundred thousand half second third once twice never always often sometimes maybe probably really very too much many ' +
  'more less again still already soon later before during between under behind through against without around together almost enough quite ' +
  'perhaps however since until while where why yes hello please thanks sorry okay should must may might did was were been had has are is am ' +
  'said went came made took got saw knew thought gave told found felt kept began seemed something nothing everything anything someone ' +
  'nobody everybody september wednesday sunday friday medium single double'
).split(' ');
